"""Claim: K is part of the model. KID-lite0 against the number of steps and against the step size."""

from __future__ import annotations

from collections.abc import Generator

from ebm_studio.core.evaluation.fidelity import kid
from ebm_studio.core.evaluation.figures import Contrast, Estimate
from ebm_studio.core.evaluation.findings import Finding, Measure, Plot, Verdict, curve, told
from ebm_studio.core.specs import Evaluation
from ebm_studio.data.models.calibration import Trial, try_steps
from ebm_studio.data.models.diagnosis.subject import Subject, apart, part
from ebm_studio.data.models.evaluation import contrast
from ebm_studio.data.models.features import open_extractor
from ebm_studio.data.pictures.pictures import to_pixels

TITLE = "K is part of the model"
PAPER = (
    "The paper trains one model for each K and draws with the same K. On CIFAR-10 (n_f 32) its FID falls from 213 at "
    "K 5 to 63.8 at K 100. Those are different models; here one model is drawn with different K."
)
OTHER_SIZES = (0.7, 0.85, 1.15, 1.3, 1.5)
"""Of the model's own step size, what is tried besides."""


def examine(subject: Subject) -> Generator[float, None, Finding]:
    """Compare samples at K/4 to 4 K, and at other step sizes, with training pictures."""
    extractor = open_extractor("lite0", subject.model.device)
    ends = yield from part(subject.ends(), 0, 0.4)
    reference = extractor.cached(subject.training)
    few = Evaluation(count=max(16, subject.settings.share(2)), seed=subject.settings.seed)
    kids: dict[int, Estimate] = {}
    trials: list[Trial] = []
    wanted = [steps for steps in ends.images if 0 < steps <= subject.steps(4)]
    for steps in wanted:
        drawn = to_pixels(ends.images[steps].numpy())
        features = extractor(drawn)
        kids[steps] = kid(features, reference, subject.settings.seed)
        if steps == subject.k:  # the first of these chains are those that a trial of the own step size would draw
            of_both = Contrast(contrast(drawn[: few.count]), contrast(subject.training))
            trials.append(Trial(subject.run.step_size, kid(features[: few.count], reference, few.seed), of_both))
        yield 0.4 + 0.2 * len(kids) / len(wanted)
    for trial in try_steps(subject.model, extractor, subject.training, few, OTHER_SIZES):
        trials.append(trial)
        yield 0.6 + 0.4 * (len(trials) - 1) / len(OTHER_SIZES)
    return _finding(subject, kids, sorted(trials, key=lambda trial: trial.step_size))


def _finding(subject: Subject, kids: dict[int, Estimate], trials: list[Trial]) -> Finding:
    own = kids[subject.k]
    others = {steps: value for steps, value in kids.items() if steps != subject.k}
    as_good = [steps for steps, value in others.items() if value.mean < own.mean or not apart(value, own)]
    better = [steps for steps in as_good if apart(others[steps], own)]
    verdict: Verdict = "fails" if better else "partly" if as_good else "holds"
    return Finding(
        claim="steps",
        title=TITLE,
        verdict=verdict,
        text=_text(subject, kids, as_good, better, trials),
        measures=tuple(Measure(f"KID-lite0 at {steps} steps", value) for steps, value in kids.items()),
        plots=(
            Plot(
                "Quality against the number of steps",
                "steps",
                "KID-lite0",
                (curve("samples", [float(steps) for steps in kids], list(kids.values())),),
                log_x=True,
                mark=subject.k,
            ),
            Plot(
                "Quality against the step size",
                "step size",
                "KID-lite0",
                (curve("samples", [trial.step_size for trial in trials], [trial.kid for trial in trials]),),
                mark=subject.run.step_size,
                mark_label="the model’s own",
            ),
        ),
        paper=PAPER,
    )


def _text(
    subject: Subject, kids: dict[int, Estimate], as_good: list[int], better: list[int], trials: list[Trial]
) -> str:
    best = min(trials, key=lambda trial: trial.kid.mean)
    listed = ", ".join(f"{told(kids[steps])} at {steps}" for steps in better or as_good)
    if better:
        elsewhere = f"It is lower elsewhere ({listed}): this K is not the number of steps that draws best."
    elif as_good:
        elsewhere = f"So few samples cannot tell it apart from {listed}."
    else:
        elsewhere = (
            "At every other number of steps that was tried it is clearly higher: the energy and K belong together."
        )
    return (
        f"KID-lite0 of {subject.settings.count} samples against training pictures is {told(kids[subject.k])} at "
        f"K = {subject.k}; lower is better. {elsewhere} Of the step sizes tried, {best.step_size:g} is best "
        f"({told(best.kid)}); the model uses {subject.run.step_size:g}."
    )
