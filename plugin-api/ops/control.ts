// Rows of the ops that run regions or functions, and of those that only order.
import { printType } from "../dims.ts";
import type { OpName, Type } from "../program.ts";
import {
  array,
  EXACT,
  need,
  needRegion,
  scalar,
  typesDiffer,
  type OpRow,
  type RegionType,
  type Site,
} from "./row.ts";

const control = { control: true } as const;
const list = (types: readonly Type[]): string => `(${types.map(printType).join(", ")})`;
const same = (a: readonly Type[], b: readonly Type[]): boolean =>
  a.length === b.length && a.every((t, i) => !typesDiffer(t, b[i] as Type));

const while_: OpRow<"while"> = {
  arity: [0, Infinity],
  attrs: {},
  types: (site) => {
    needRegion(site, 0, "C1", site.operands, [scalar("bool")]);
    needRegion(site, 1, "C2", site.operands, site.operands);
    return site.operands;
  },
  constraints: {
    C1: "cond is (T...) -> bool",
    C2: "body is (T...) -> (T...)",
    C3: "type(results...) = type(operand...)",
  },
  result: ["C3", "C3"],
  regions: { count: [2, 2], scope: "capturing" },
  ...EXACT,
  accuracy: "region",
  traits: control,
};

const case_: OpRow<"case"> = {
  arity: [1, 1],
  attrs: {},
  types: (site) => {
    const index = array(site, 0);
    need(index.dtype === "i32" && index.shape.length === 0, site, "I1", `the index is ${printType(index)}`);
    need(site.regions.length > 0, site, "C1", "no branches");
    const first = site.regions[0] as RegionType;
    site.regions.forEach((r, i) => {
      need(r.params.length === 0, site, "C2", `branch ${i} takes ${list(r.params)}`);
      const equal = same(r.results, first.results);
      need(equal, site, "C3", `branches give ${list(first.results)} and ${list(r.results)}`);
    });
    return first.results;
  },
  constraints: {
    I1: "the index is a scalar i32",
    C1: "0 < size(branches)",
    C2: "input_types(branches...) = []",
    C3: "same(output_types(branches...))",
    C4: "type(results...) = output_types(branches[0])",
  },
  result: ["C4", "C4"],
  regions: { count: [0, Infinity], scope: "capturing" },
  ...EXACT,
  accuracy: "region",
  traits: control,
};

const optimization_barrier: OpRow<"optimization_barrier"> = {
  arity: [0, Infinity],
  attrs: {},
  types: (site) => site.operands,
  constraints: { C1: "type(operand...) = type(result...)" },
  result: ["C1", "C1"],
  ...EXACT,
  traits: {},
};

/** The signature of a function defined before, with these operands. */
function calleeOf(site: Site, name: string, defined: string, params: string): RegionType {
  const callee = site.callee(name);
  need(callee !== undefined, site, defined, `there is no function ${name} before this one`);
  const { params: want } = callee as RegionType;
  need(same(site.operands, want), site, params, `${name} takes ${list(want)}, got ${list(site.operands)}`);
  return callee as RegionType;
}

const call: OpRow<"call"> = {
  arity: [0, Infinity],
  attrs: { callee: { kind: "name" } },
  types: (site) => calleeOf(site, site.attrs.callee, "X1", "X2").results,
  constraints: {
    X1: "the callee is a function defined before",
    X2: "types(operands...) = input_types(callee)",
    X3: "types(results...) = output_types(callee)",
  },
  result: ["X3", "X3"],
  ...EXACT,
  accuracy: "region",
  traits: control,
};

const composite: OpRow<"composite"> = {
  arity: [0, Infinity],
  attrs: {
    name: { kind: "name" },
    version: { kind: "int" },
    attributes: { kind: "attrs" },
    decomposition: { kind: "name" },
  },
  types: (site) => {
    const { name, decomposition } = site.attrs;
    need(/^[a-zA-Z]\w*(\.\w+)+$/.test(name), site, "C1", `name "${name}"`);
    return calleeOf(site, decomposition, "C2", "C3").results;
  },
  constraints: {
    C1: "the name is namespaced: tenon.softmax",
    C2: "the decomposition is a function defined before",
    C3: "types(inputs...) = input_types(decomposition)",
    C4: "types(results...) = output_types(decomposition)",
  },
  result: ["C4", "C4"],
  ...EXACT,
  accuracy: "region",
  traits: control,
};

const custom_call: OpRow<"custom_call"> = {
  arity: [0, Infinity],
  attrs: {
    target: { kind: "name" },
    version: { kind: "int" },
    attributes: { kind: "attrs" },
    sideEffect: { kind: ["none", "ordered"] },
    aliases: { kind: "aliases", optional: true },
    fallback: { kind: "name", optional: true },
  },
  types: (site) => {
    const { fallback, aliases } = site.attrs;
    for (const { operand, result } of aliases ?? []) {
      const [from, to] = [site.operands[operand], site.declared[result]];
      const fits = from !== undefined && to !== undefined && !typesDiffer(from, to);
      need(fits, site, "X1", `result ${result} aliases operand ${operand}`);
    }
    return fallback === undefined ? site.declared : calleeOf(site, fallback, "X2", "X3").results;
  },
  constraints: {
    X1: "an alias joins an operand and a result of one type",
    X2: "the fallback is a function defined before",
    X3: "types(inputs...) = input_types(fallback)",
    X4: "types(results...) = output_types(fallback)",
  },
  result: ["X4", "X4"],
  ...EXACT,
  effect: "ordered",
  accuracy: "region",
  traits: {},
};

/** Rows of control ops. */
export const CONTROL = {
  while: while_,
  case: case_,
  optimization_barrier,
  call,
  composite,
  custom_call,
} satisfies { readonly [N in OpName]?: OpRow<N> };
