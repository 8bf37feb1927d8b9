"""The abstract interpreter: `run_program(tree)` walks a script and returns a `Trace` of the calls that it would make.

machine      the interpreter's state, and the order in which things happened
statements   branches, loops, definitions; iteration: what a loop runs over
expressions  names, attributes, arithmetic; tensors: flows and rows of betas
calls        functions and classes of the file; layers, libraries, methods: those of others
settings     argparse, flags, click, namespaces, YAML; training: what frameworks call back; entry: where to start
trace        what the rules read
"""
