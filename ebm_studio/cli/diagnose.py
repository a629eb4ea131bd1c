"""`ebm-studio diagnose`: the paper's argument, measured on a model."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ebm_studio.cli.options import (
    add_computing,
    add_model_and_data,
    counting_bar,
    progress_bar,
    reading,
    some_path,
)
from ebm_studio.cli.signals import stop_signals
from ebm_studio.core.errors import SettingsError
from ebm_studio.core.evaluation.findings import CLAIMS, Claim, Finding, told
from ebm_studio.core.specs import Diagnosing

if TYPE_CHECKING:
    from ebm_studio.data.models.diagnosis.subject import Subject
from ebm_studio.data.storage.atomic_write import check_place

SUFFIXES = (".html", ".htm")


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "diagnose",
        help="measure why a model works: the paper's argument",
        description="Measure six claims of the paper on a model, each with its standard error: that K is part of the "
        "model, "
        "that the short run does not converge and does not mix, that samples match the data's moments and energies, "
        "and that the run can be inverted. Ctrl-C keeps the claims that are finished. docs/diagnosis.md explains them.",
    )
    add_model_and_data(parser)
    parser.add_argument(
        "-o", "--output", type=some_path, metavar="REPORT.html", help="write a report, as one self-contained file"
    )
    parser.add_argument("--only", default="", metavar="CLAIM,...", help=f"some of {', '.join(CLAIMS)} (default: all)")
    parser.add_argument("--count", type=int, default=512, metavar="N", help="samples to measure (default: 512)")
    parser.add_argument("--seed", type=int, default=0, help="seed of samples and draws (default: 0)")
    add_computing(parser, run)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure and report. Raises `StudioError`."""
    if args.output:
        check_place(args.output)
    settings = Diagnosing(count=args.count, seed=args.seed)
    if args.output and args.output.suffix.lower() not in SUFFIXES:
        raise SettingsError(f"The report must be an .html file, not {args.output.name}.")

    from ebm_studio.data.exports.report import save_report
    from ebm_studio.data.models.diagnosis.diagnose import check_claims, summary
    from ebm_studio.data.models.diagnosis.subject import Subject
    from ebm_studio.data.models.evaluation_cache import other_set
    from ebm_studio.data.models.model import load_model

    claims = check_claims([name.strip() for name in args.only.split(",") if name.strip()])
    model = load_model(args.model, args.device, reading=reading(args))
    if other := other_set(model.card.data, args.data):
        print(f"ebm-studio diagnose: {other}", file=sys.stderr)
    began = time.perf_counter()
    with counting_bar() as tell:
        subject = Subject(model, args.data, settings, tell)
    findings, stopped = _examine(subject, claims, quiet=args.json)
    diagnosis = summary(subject, findings)
    if args.output and findings:
        save_report(args.output, [diagnosis])
    if not args.json:
        print(f"{diagnosis.command}   ({time.perf_counter() - began:.0f} s)")
        if args.output and findings:
            print(args.output)
    return {
        **diagnosis.to_dict(),
        "short_run": subject.run.to_dict(),
        "seconds": round(time.perf_counter() - began, 1),
        "output": str(args.output) if args.output and findings else None,
        "stopped": stopped,
    }


def _examine(subject: Subject, claims: Sequence[Claim], quiet: bool) -> tuple[list[Finding], bool]:
    """The findings, printed as they come, and whether somebody stopped the work before all were done."""
    from ebm_studio.data.models.diagnosis.diagnose import EXAMINERS

    findings: list[Finding] = []
    with stop_signals() as stopped:
        for claim in claims:
            work = EXAMINERS[claim](subject)
            with progress_bar(claim) as show:
                while not stopped.is_set():
                    try:
                        show(next(work))
                    except StopIteration as ended:
                        findings.append(ended.value)
                        break
            if stopped.is_set():
                return findings, True
            if not quiet:
                _tell(findings[-1])
    return findings, False


def _tell(finding: Finding) -> None:
    from ebm_studio.data.exports.report import VERDICTS

    print(f"{finding.title}: {VERDICTS[finding.verdict]}\n{finding.text}")
    for measure in finding.measures:
        print(f"  {measure.name:<60} {told(measure.value)} {measure.unit}".rstrip())
    print(flush=True)
