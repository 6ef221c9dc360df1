"""OpenLoRA: serving, training and attribution of LoRA adapters over one base model."""

__version__ = "0.1.0"
