"""Medical Diffusion (Khader et al., Sci Rep 13:7303, arXiv 2211.03364): latent diffusion of whole volumes.

A 3D VQ-GAN makes a volume small along all three axes, and a 3D DDPM draws what it leaves. The third axis is
depth for volumes and time for clips.
"""
