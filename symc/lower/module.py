"""The compiled module: a Symmetrized whose pass over the samples is a torch.fx graph."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from torch import fx, nn

import symc_runtime
from symc.ir.program import Program
from symc.lower.graph import GraphBuilder
from symc.lower.plan import Plan, make_plan
from symc_runtime.spec.layout import Tensor
from symc_runtime.symmetrized import Symmetrized


class CompiledModel(Symmetrized):
    """A symmetrized model with its torch.fx `graph` and the checked spec it came from, `program`.

    `recompile()` makes the module follow changes of `graph`, as torch.fx.GraphModule does.
    """

    graph: fx.Graph
    program: Program

    def __new__(cls, plan: Plan | None = None, *others: Any, **keywords: Any) -> CompiledModel:
        """An instance of the class whose methods name the inputs of the plan."""
        kind: type[CompiledModel] = cls
        if cls is CompiledModel and plan is not None:
            kind = _class_of(plan.inputs, plan.outputs)
        return super().__new__(kind)

    def __init__(
        self,
        plan: Plan,
        base: nn.Module,
        *,
        distributions: Mapping[str, nn.Module] | None = None,
        chunk: int | None = None,
    ) -> None:
        self.__dict__["_plan"] = plan
        for name in ("groups", "inputs", "outputs", "draws", "trusted", "ragged", "fixed"):
            self.__dict__[name] = getattr(plan, name)
        super().__init__(base, samples=plan.samples, eval_samples=plan.eval_samples, chunk=chunk)
        self.program = plan.program
        for stage in plan.stages:
            if stage.distribution is None:
                continue
            kind = getattr(symc_runtime, stage.distribution)
            keywords = dict(stage.keywords)
            if distributions and stage.group.name in distributions:
                keywords["network"] = distributions[stage.group.name]
            self.add_module(stage.attribute, kind(plan.inputs, plan.groups, **keywords))
        self.graph = GraphBuilder(plan, self.base_counts).build()
        self.recompile()

    def __setattr__(self, name: str, value: Any) -> None:
        before = self.__dict__.get("base_counts")
        super().__setattr__(name, value)
        if name == "base" and "_run" in self.__dict__ and self.base_counts != before:
            # Another base may take other counts.
            self.graph = GraphBuilder(self.__dict__["_plan"], self.base_counts).build()
            self.recompile()

    def recompile(self) -> None:
        """Make calls follow `graph` as it is now."""
        self.__dict__["_run"] = _function(self.graph)

    def symmetrize(self, *tensors: Any) -> Any:
        """One pass over the samples; see `Symmetrized.symmetrize`."""
        return self.__dict__["_run"](self, *tensors)

    def __reduce__(self) -> tuple[Any, ...]:
        kind = type(self)
        if kind is _class_of(self.inputs, self.outputs):
            return _blank, (self.inputs, self.outputs), self.__getstate__()
        return kind.__new__, (kind,), self.__getstate__()

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        # The function is made again from the graph: exec'd code does not pickle.
        state.pop("_run")
        state["_plan"] = None
        state["graph"] = None
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__dict__["_plan"] = make_plan(self.program)
        self.graph = GraphBuilder(self.__dict__["_plan"], self.base_counts).build()
        self.recompile()

    def __deepcopy__(self, memo: dict[int, Any]) -> CompiledModel:
        state = {k: v for k, v in self.__dict__.items() if k not in ("_run", "_plan", "graph")}
        twin = type(self).__new__(type(self))
        memo[id(self)] = twin
        twin.__dict__.update(copy.deepcopy(state, memo))
        twin.__dict__["_plan"] = self.__dict__["_plan"]
        twin.graph = copy.deepcopy(self.graph)
        twin.recompile()
        return twin


@lru_cache(maxsize=256)
def _class_of(inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> type[CompiledModel]:
    """A class for specs of these tensors: signatures belong to methods, and methods to classes."""
    declared = {"inputs": inputs, "outputs": outputs, "__module__": CompiledModel.__module__}
    return type(CompiledModel.__name__, (CompiledModel,), declared)


def _blank(inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> CompiledModel:
    """What is unpickled before its state comes."""
    kind = _class_of(inputs, outputs)
    return kind.__new__(kind)


def _function(graph: fx.Graph) -> Callable[..., Any]:
    code = graph.python_code("self")
    namespace: dict[str, Any] = dict(code.globals)
    exec(
        compile(code.src, "<symc graph>", "exec"), namespace
    )  # the graph's own code, never a spec's
    function: Callable[..., Any] = namespace["forward"]
    return function
