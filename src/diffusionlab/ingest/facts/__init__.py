"""Rules: each reads the trace and says facts. The docstring of a rule shows, by example, what it recognises.

scene          what several rules need: models and what they learn, optimizers and their stages, updates of weights
writer         where facts go, with their lines
optimization   optimizers, learning rates, schedules, epochs and steps
data           data set and part, batches, sizes, augmentation; names: data sets by their library names
diffusion      noise schedule, prediction, averaged weights, guidance
architecture   networks trained, parts, never built; facets: what they are made of; losses
running        framework, device, precision, seed, outputs; named: settings whose names alone say what they are
"""
