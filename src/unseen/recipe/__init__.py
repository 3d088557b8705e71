"""What a recipe file may say.

A recipe is YAML; every section is frozen, forbids unknown keys and answers them with the nearest known one. All
mistakes of a file are told at once. Each section has a file; nothing here imports more than pydantic and PyYAML.
"""

from unseen.recipe.diversity import DiversitySettings
from unseen.recipe.evaluate import AskedWording, EvaluateSettings, HintSettings
from unseen.recipe.files import FILES, beside, named_alike
from unseen.recipe.hold_out import HoldOutSettings
from unseen.recipe.instructions import Encodings, EncodingSettings, InstructionPart
from unseen.recipe.load import load_recipe, override_values, set_value
from unseen.recipe.mixture import MixtureSettings
from unseen.recipe.templates import TemplateSettings, Wording
from unseen.recipe.tokens import TokenSettings
from unseen.recipe.train import TrainSettings
from unseen.recipe.values import MANY, Seed
from unseen.recipe.whole import NOT_IN_FINGERPRINT, Recipe

__all__ = [
    "FILES",
    "MANY",
    "NOT_IN_FINGERPRINT",
    "AskedWording",
    "DiversitySettings",
    "EncodingSettings",
    "Encodings",
    "EvaluateSettings",
    "HintSettings",
    "HoldOutSettings",
    "InstructionPart",
    "MixtureSettings",
    "Recipe",
    "Seed",
    "TemplateSettings",
    "TokenSettings",
    "TrainSettings",
    "Wording",
    "beside",
    "load_recipe",
    "named_alike",
    "override_values",
    "set_value",
]
