"""The window as the tests drive it: its pages and their states by name."""

from __future__ import annotations

from ebm_studio.app.pages.compare.page import ComparePage
from ebm_studio.app.pages.compare.state import CompareState
from ebm_studio.app.pages.diagnose.page import DiagnosePage
from ebm_studio.app.pages.generate.newer_snapshot_button import SnapshotButton
from ebm_studio.app.pages.generate.page import GeneratePage
from ebm_studio.app.pages.generate.state import GenerateState
from ebm_studio.app.pages.help.page import HelpPage
from ebm_studio.app.pages.interpolate.page import InterpolatePage
from ebm_studio.app.pages.interpolate.state import PathState
from ebm_studio.app.pages.landscape.page import LandscapePage
from ebm_studio.app.pages.models.page import ModelsPage
from ebm_studio.app.pages.models.state import Zoo
from ebm_studio.app.pages.reconstruct.page import ReconstructPage
from ebm_studio.app.pages.settings.page import SettingsPage
from ebm_studio.app.pages.train.close_prompt import Leaving
from ebm_studio.app.pages.train.page import TrainPage
from ebm_studio.app.pages.train.runs.state import Runs
from ebm_studio.app.pages.train.training_button import LearnsButton
from ebm_studio.app.shell.drop_overlay import Veil
from ebm_studio.app.shell.window import MainWindow
from ebm_studio.app.studio.engine_link import EngineLink
from ebm_studio.app.studio.faults import Faults
from ebm_studio.app.studio.preferences import PreferenceStore
from ebm_studio.app.widgets.captions import Captions


class Window(MainWindow):
    """The real window, with added names."""

    @property
    def generate(self) -> GeneratePage:
        return self.page_of(GeneratePage)

    @property
    def reconstruct(self) -> ReconstructPage:
        return self.page_of(ReconstructPage)

    @property
    def interpolate(self) -> InterpolatePage:
        return self.page_of(InterpolatePage)

    @property
    def compare(self) -> ComparePage:
        return self.page_of(ComparePage)

    @property
    def diagnose(self) -> DiagnosePage:
        return self.page_of(DiagnosePage)

    @property
    def landscape(self) -> LandscapePage:
        return self.page_of(LandscapePage)

    @property
    def train(self) -> TrainPage:
        return self.page_of(TrainPage)

    @property
    def models(self) -> ModelsPage:
        return self.page_of(ModelsPage)

    @property
    def settings(self) -> SettingsPage:
        return self.page_of(SettingsPage)

    @property
    def help(self) -> HelpPage:
        return self.page_of(HelpPage)

    @property
    def state(self) -> GenerateState:
        return self.generate.state

    @property
    def path(self) -> PathState:
        return self.interpolate.state

    @property
    def compare_state(self) -> CompareState:
        return self.compare.state

    @property
    def runs(self) -> Runs:
        return self.train.runs

    @property
    def zoo(self) -> Zoo:
        return self.models.zoo

    @property
    def snapshot(self) -> SnapshotButton:
        return self.generate.snapshot

    @property
    def learns(self) -> LearnsButton:
        return self.train.learns

    @property
    def leaving(self) -> Leaving:
        return self.train.leaving

    @property
    def link(self) -> EngineLink:
        return self.studio.link

    @property
    def faults(self) -> Faults:
        return self.studio.faults

    @property
    def preferences(self) -> PreferenceStore:
        return self.studio.preferences

    @property
    def captions(self) -> Captions:
        return self.explain.captions

    @property
    def veil(self) -> Veil:
        return self.files.veil
