"""Where settings come from: argparse, flags, click, typer, Namespace and its kin, YAML and JSON beside the script."""

from __future__ import annotations

import ast
import shlex
from typing import TYPE_CHECKING, Any

from diffusionlab.ingest.values import (
    Class,
    Const,
    Func,
    Lib,
    Map,
    Method,
    Obj,
    Seq,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from diffusionlab.ingest.interpret.machine import Machine

Args = list[Value]
Kwargs = dict[str, Value]

NAMESPACES = {
    "argparse.Namespace", "types.SimpleNamespace", "easydict.EasyDict", "ml_collections.ConfigDict", "addict.Dict",
    "ml_collections.config_dict.ConfigDict", "omegaconf.OmegaConf.create", "munch.Munch", "box.Box",
    "dotmap.DotMap", "attrdict.AttrDict", "ml_collections.FrozenConfigDict", "torch.nn.Namespace",
    "yacs.config.CfgNode", "edict.EasyDict", "ml_collections.config_dict.config_dict.ConfigDict",
    "fvcore.common.config.CfgNode", "mmcv.Config", "wandb.config", "tensorflow.contrib.training.HParams",
    "tensorflow.compat.v1.HParams", "tensorboard.plugins.hparams.api.HParam",
}  # fmt: skip
READERS = {
    "yaml.safe_load", "yaml.load", "yaml.full_load", "json.load", "json.loads", "omegaconf.OmegaConf.load",
    "toml.load", "tomllib.load", "hydra.compose", "ruamel.yaml.safe_load",
}  # fmt: skip
TYPES = {"builtins.int": int, "builtins.float": float, "builtins.str": str}


def call_setting(m: Machine, path: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value | None:
    """The result of a library call that makes settings; None for every other call."""
    name = path.rsplit(".", 1)[-1]
    if path in NAMESPACES:
        items: dict[Any, Value] = dict(args[0].items) if args and isinstance(args[0], Map) else {}
        return Map({**_nested(items), **kwargs}, "namespace", lines=(m.line(node),))
    if path in READERS:
        return _read(m, path, args)
    if name.startswith("DEFINE_") and "flags" in path.lower():
        return _define_flag(m, args, kwargs, node)
    if path.endswith("FLAGS") and "flags" in path:
        return Lib(path)
    if path in ("absl.app.run", "tensorflow.app.run", "tensorflow.compat.v1.app.run"):
        main = args[0] if args else Unknown()
        return m.call(main, [Unknown("argv")], {}, node) if isinstance(main, Func) else Unknown()
    if path in (
        "fire.Fire",
        "typer.run",
        "tyro.cli",
        "defopt.run",
        "jsonargparse.CLI",
        "plac.call",
        "autoargs.autocall",
    ):
        entry = args[0] if args else None
        if isinstance(entry, Func | Class):
            return m.call(entry, [], {}, node)
        return Unknown()
    if name == "ArgumentParser" or name == "HfArgumentParser" or name == "ArgParser":
        parser = m.make(path, args, kwargs, node)
        parser.attributes["__options__"] = Map({}, "namespace", open=True)
        return parser
    return None


def _nested(items: dict[Any, Value]) -> dict[Any, Value]:
    return {
        key: Map(_nested(value.items), "namespace", value.open, value.lines) if isinstance(value, Map) else value
        for key, value in items.items()
    }


def flag(m: Machine, path: str) -> Value | None:
    """The value of `FLAGS.name`, None if the path is none."""
    if ".FLAGS." not in path or "flags" not in path:
        return None
    name = path.rsplit(".", 1)[-1]
    return m.flags.get(name) if name in m.flags else None


def _define_flag(m: Machine, args: Args, kwargs: Kwargs, node: ast.AST) -> Value:
    name = args[0].value if args and isinstance(args[0], Const) else None
    default = kwargs.get("default", args[1] if len(args) > 1 else Const(None))
    value = _soft(default, "absl flag default", str(name))
    if isinstance(name, str):
        m.flags[name] = value
    holder = m.make("absl.flag", args, kwargs, node)
    holder.attributes["value"] = holder.attributes["default"] = value
    return holder


def _soft(default: Value, via: str, name: str) -> Value:
    if isinstance(default, Const):
        if default.value is None:
            return Unknown(name, asks=name, lines=default.lines)
        return default.reached(via, soft=True)
    return default


def call_setting_method(m: Machine, owner: Value, name: str, args: Args, kwargs: Kwargs, node: ast.AST) -> Value | None:
    """Methods of parsers; None for every other call."""
    if not isinstance(owner, Obj):
        return None
    options = owner.attributes.get("__options__")
    if not isinstance(options, Map):
        return None
    if name in ("add_argument", "add"):
        _add_option(m, options, args, kwargs, node)
        return Unknown()
    if name == "add_arguments" and args and isinstance(args[0], Class):
        return Unknown()
    if name in ("add_argument_group", "add_mutually_exclusive_group", "add_subparsers", "add_parser"):
        group = Obj("argparse.group", args, kwargs, m.line(node))
        group.attributes["__options__"] = options
        return group
    if name == "set_defaults":
        options.items.update({key: _soft(value, "argparse default", key) for key, value in kwargs.items()})
        return Unknown()
    if name in ("parse_args", "parse_known_args", "parse_intermixed_args"):
        return _parsed(m, options, name, args, kwargs)
    if name in ("parse_args_into_dataclasses", "parse_dict") and owner.args:
        kinds = owner.args[0].items if isinstance(owner.args[0], Seq) else [owner.args[0]]
        return Seq([m.call(one, [], {}, node) for one in kinds if isinstance(one, Class)], "tuple")
    return None


def _parsed(m: Machine, options: Map, name: str, args: Args, kwargs: Kwargs) -> Value:
    result = Map(dict(options.items), "namespace", open=True)
    given = kwargs.get("args", args[0] if args else None)
    words = []
    if isinstance(given, Seq) and all(isinstance(one, Const) for one in given.items):
        words = [one for one in given.items if isinstance(one, Const)]
    elif isinstance(given, Const) and isinstance(given.value, str):
        words = [Const(word, given.lines) for word in shlex.split(given.value)]
    for i, word in enumerate(words):
        key = str(word.value)
        if key.startswith("--"):
            option, _, text = key[2:].partition("=")
            following = words[i + 1] if i + 1 < len(words) else Const(True)
            raw = Const(text, word.lines) if text else following
            result.items[option.replace("-", "_")] = _typed(raw, None, "arguments in the script")
    if isinstance(given, Seq | Const) and not (isinstance(given, Const) and given.value is None):
        for key, value in result.items.items():  # the script itself gives the arguments, so nothing is open
            if isinstance(value, Const) and value.soft:
                result.items[key] = Const(value.value, value.lines, value.via)
    space = kwargs.get("namespace")
    if isinstance(space, Map):
        space.items.update({key: value for key, value in result.items.items() if key not in space.items})
        result = space
    m.trace_options.append(result)
    return Seq([result, Unknown()], "tuple") if name == "parse_known_args" else result


def _add_option(m: Machine, options: Map, args: Args, kwargs: Kwargs, node: ast.AST) -> None:
    names = [one.value for one in args if isinstance(one, Const) and isinstance(one.value, str)]
    long = next((name for name in names if name.startswith("--")), names[0] if names else "")
    dest = kwargs.get("dest")
    key = str(dest.value) if isinstance(dest, Const) else long.lstrip("-").replace("-", "_")
    if not key:
        return
    action = kwargs["action"].value if isinstance(kwargs.get("action"), Const) else None  # type: ignore[attr-defined]
    default = kwargs.get("default")
    line = (m.line(node),)
    if default is None and action in ("store_true", "store_false"):
        default = Const(action == "store_false", line)
    if default is None:
        options.items[key] = Unknown(key, asks=key, lines=line)
        return
    kind = kwargs.get("type")
    value = _typed(default, TYPES.get(kind.path) if isinstance(kind, Lib) else None, "argparse default")
    if isinstance(value, Const):
        value = (
            Unknown(key, asks=key, lines=line) if value.value is None else value.reached("argparse default", soft=True)
        )
        value.lines = tuple(dict.fromkeys(value.lines + line))
    options.items[key] = value


def _typed(value: Value, kind: type | None, via: str) -> Value:
    """A default that is written as text, as the number that the option's type makes of it."""
    if not isinstance(value, Const) or not isinstance(value.value, str):
        return value
    kinds = [kind] if kind is not None else ([] if via == "argparse default" else [int, float])
    for one in kinds:
        try:
            return Const(one(value.value), value.lines, via)
        except (TypeError, ValueError):
            continue
    return value


def with_options(m: Machine, decorator: Obj, function: Func) -> Value:
    """A function under `@click.option(...)` or `@hydra.main(...)`: called without arguments, it gets their defaults."""
    name = decorator.name
    if name in ("option", "argument") and decorator.args:
        words = [one.value for one in decorator.args if isinstance(one, Const) and isinstance(one.value, str)]
        long = next((word for word in words if word.startswith("--")), words[0] if words else "")
        plain = next((word for word in words if not word.startswith("-")), None)
        key = (plain or long.lstrip("-").split("/")[0]).replace("-", "_")
        default = decorator.kwargs.get("default")
        is_flag = decorator.kwargs.get("is_flag")
        if default is None and isinstance(is_flag, Const) and is_flag.value:
            default = Const(False, decorator.lines)
        value = _soft(default, "click default", key) if default is not None else Unknown(key, asks=key)
        if key and key not in function.preset[1]:
            function.preset[1][key] = value
    elif name == "main" and "hydra" in decorator.path:
        config = decorator.kwargs.get("config_name", decorator.args[1] if len(decorator.args) > 1 else None)
        folder = decorator.kwargs.get("config_path", decorator.args[0] if decorator.args else None)
        if isinstance(config, Const) and isinstance(config.value, str):
            where = f"{folder.value}/" if isinstance(folder, Const) and isinstance(folder.value, str) else ""
            stem = config.value if config.value.endswith((".yaml", ".yml")) else config.value + ".yaml"
            found = m.read_data(where + stem)
            if found is not None:
                function.preset[0].append(found)
    return function


def _read(m: Machine, path: str, args: Args) -> Value:
    """Settings from a file beside the script, where its name is shown."""
    source = args[0] if args else Unknown()
    while isinstance(source, Obj | Method):
        inside = source.args[:1] if isinstance(source, Obj) else []
        if isinstance(source, Method):
            source = source.owner
        elif source.name in ("open", "read", "Path", "join_path", "read_text") and (inside or source.owner):
            source = inside[0] if inside else source.owner or Unknown()
        else:
            break
    if isinstance(source, Const) and isinstance(source.value, str):
        found = m.read_data(source.value)
        if found is not None:
            return found if "OmegaConf" in path or not isinstance(found, Map) else Map(found.items, "dict")
    return Unknown("settings", asks="settings file")


def feed_parser(args: Args) -> None:
    """`add_dict_to_argparser(parser, defaults)`: a function that is not shown gives a parser the options of a dict."""
    for one in args:
        options = one.attributes.get("__options__") if isinstance(one, Obj) else None
        for given in args:
            if isinstance(given, Map) and isinstance(options, Map):
                for key, value in given.items.items():
                    options.items[key] = _soft(value, "options from a dict", str(key))
