"""The pages, in the order of the rail. A new page is its folder and a line here."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.pages.compare.page import ComparePage
from ebm_studio.app.pages.diagnose.page import DiagnosePage
from ebm_studio.app.pages.export.dialog import ExportDialog
from ebm_studio.app.pages.export.state import ExportState
from ebm_studio.app.pages.generate.page import GeneratePage
from ebm_studio.app.pages.help.page import HelpPage
from ebm_studio.app.pages.interpolate.page import InterpolatePage
from ebm_studio.app.pages.landscape.page import LandscapePage
from ebm_studio.app.pages.models.page import ModelsPage
from ebm_studio.app.pages.page import Page
from ebm_studio.app.pages.reconstruct.page import ReconstructPage
from ebm_studio.app.pages.settings.page import SettingsPage
from ebm_studio.app.pages.train.page import TrainPage
from ebm_studio.app.studio.studio import Studio

PAGES: tuple[type[Page], ...] = (
    GeneratePage,
    ReconstructPage,
    InterpolatePage,
    ComparePage,
    LandscapePage,
    DiagnosePage,
    TrainPage,
    ModelsPage,
    SettingsPage,
    HelpPage,
)


def export_dialog(studio: Studio, theme: Theme, parent: QWidget) -> ExportDialog:
    """The dialog that every page's `exportables` go to."""
    return ExportDialog(theme, ExportState(studio.link, studio.settings, parent), parent)
