"""One small diffusion core: codec, denoiser, noise process, conditions, sampler, training - one of each."""
