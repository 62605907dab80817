"""The pipeline of a spec as a Mermaid flowchart."""

from __future__ import annotations

from symc.ir.program import Program
from symc.ir.tensors import Tensor
from symc_runtime.catalogue import methods


def _tensor(tensor: Tensor) -> str:
    sizes = " x ".join(str(size) for size in tensor.shape) or "one number"
    return f"{tensor.name}<br/>{sizes}"


def mermaid(program: Program) -> str:
    """A `flowchart`: inputs, a box a stage, the base, the way back, the mean, the outputs.

    Ids are made by position, so any name of the spec is safe.
    """
    lines = ["flowchart LR"]
    acting = [stage for stage in program.stages if methods()[stage.method].acts]
    chain = [f"stage{i}" for i in range(len(acting))]
    first = chain[0] if chain else "base"
    for i, tensor in enumerate(program.inputs):
        lines.append(f'  input{i}[/"{_tensor(tensor)}"/] --> {first}')
    for i, stage in enumerate(acting):
        group = program.group(stage.group)
        label = group.short
        label = label if label == group.name else f"{group.name} = {label}"
        lines.append(f'  stage{i}["{label}<br/>{stage.method}: g ~ p(g #124; x)<br/>g^-1 x"]')
        following = chain[i + 1] if i + 1 < len(chain) else "base"
        lines.append(f"  stage{i} --> {following}")
    lines.append('  base[["base"]]')
    last = "base"
    for i, stage in reversed(list(enumerate(acting))):
        lines.append(f'  back{i}["g y<br/>{stage.group}"]')
        lines.append(f"  {last} --> back{i}")
        lines.append(f"  stage{i} -. g .-> back{i}")
        last = f"back{i}"
    lines.append('  mean(("mean over samples"))')
    lines.append(f"  {last} --> mean")
    place = {tensor.name: i for i, tensor in enumerate(program.outputs)}
    for i, tensor in enumerate(program.outputs):
        source = "mean -->"
        if tensor.derivation is not None:
            source = f'output{place[tensor.derivation.of]} -- "{tensor.derivation}" -->'
        lines.append(f'  {source} output{i}[/"{_tensor(tensor)}"/]')
    return "\n".join(lines) + "\n"
