"""Formulas that are recognised by their form: the Kullback-Leibler term of a VAE and its reparameterization."""

from __future__ import annotations

import ast

from diffusionlab.ingest.values import Obj, Value, flow_of, options_of


def is_kl(node: ast.BinOp) -> bool:
    """Whether a sum is the KL term of two Gaussians.

    1 + logvar - mu.pow(2) - logvar.exp()          torch, jax, tensorflow, keras
    mu ** 2 + sigma ** 2 - log(sigma ** 2) - 1
    variance + mu ** 2 - 1 - log(variance)
    """
    terms = list(_terms(node, 1))
    if len(terms) < 3:
        return False
    squares = [sign for sign, term in terms if _squared(term)]
    exponents = [(sign, _inside(term, ("exp",))) for sign, term in terms if _inside(term, ("exp",)) is not None]
    logs = [sign for sign, term in terms if _inside(term, ("log", "safe_log")) is not None]
    plain = [(sign, ast.dump(term)) for sign, term in terms]
    for sign, inside in exponents:
        if (-sign, inside) in plain and sign in squares:
            return True
    for sign, term in terms:  # variance + mu ** 2 - 1 - log(variance)
        inside = _inside(term, ("log", "safe_log"))
        if inside is not None and (-sign, inside) in plain and -sign in squares:
            return True
    return len(squares) >= 2 and len(set(squares)) == 1 and -squares[0] in logs


def _terms(node: ast.AST, sign: int) -> list[tuple[int, ast.AST]]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        right = sign if isinstance(node.op, ast.Add) else -sign
        return [*_terms(node.left, sign), *_terms(node.right, right)]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _terms(node.operand, -sign)
    return [(sign, node)]


def _squared(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        return isinstance(node.right, ast.Constant) and node.right.value == 2
    if isinstance(node, ast.Call):
        name = _name(node.func)
        return name == "square" or (
            name == "pow" and any(isinstance(a, ast.Constant) and a.value == 2 for a in node.args)
        )
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and ast.dump(node.left) == ast.dump(node.right)


def _inside(node: ast.AST, names: tuple[str, ...]) -> str | None:
    """What a function of one argument is applied to, as `exp(x)` or `x.exp()`."""
    if not isinstance(node, ast.Call) or _name(node.func) not in names:
        return None
    if node.args:
        return ast.dump(node.args[0])
    return ast.dump(node.func.value) if isinstance(node.func, ast.Attribute) else None


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def is_reparameterization(left: Value, right: Value) -> bool:
    """Whether a sum is `mu + std * eps`: noise is scaled by a feature of the network that also gives the mean."""
    for mean, scaled in ((left, right), (right, left)):
        mean_layers = flow_of(mean).layers
        for product in options_of(scaled):
            if not isinstance(product, Obj) or product.path != "op.mul" or len(product.args) != 2:
                continue
            for noise, deviation in (product.args, product.args[::-1]):
                noise_flow, flow = flow_of(noise), flow_of(deviation)
                pure = noise_flow.tags == {"noise"} and len(noise_flow.layers) == 1
                if pure and len(flow.layers) > 1 and len(flow.layers & mean_layers) > 1:
                    return True
    return False
