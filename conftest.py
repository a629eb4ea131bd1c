"""For every test: what a run of the tests measures is not kept in the user's own cache."""

import os
import tempfile

os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="ebm-studio-tests-")
