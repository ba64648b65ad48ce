// The null plugin computes nothing: it keeps the rules that no value shows, and fails wherever a value is looked at.
import { nullPlugin } from "tenon-null";
import { expect, it } from "vitest";
import { runCases } from "./run.ts";
import { Subject } from "./subject.ts";
import { select } from "./suite.ts";

const statuses = async (query: string): Promise<readonly string[]> => {
  const { cases } = await runCases(select({ query }), new Subject(nullPlugin()));
  return cases.map((c) => c.status);
};

it.each([
  ...["abi/load", "abi/version", "abi/host/read:f32:shape=0", "abi/exec/no-results", "abi/num/same"],
  ...["abi/compile/sync", "abi/donate/use", "abi/life/exit", "abi/life/idempotent", "abi/life/memory"],
  ...["abi/life/use", "abi/style", "abi/async/ready", "ops/add:f32:shape=empty", "ops/sort:f32:shape=0"],
])("keeps %s", async (query) => {
  const got = await statuses(query);
  expect(got.length).toBeGreaterThan(0);
  expect(new Set(got)).toEqual(new Set(["passed"]));
});

it.each([
  "abi/host/read:f32:shape=7",
  "abi/exec/chain",
  "abi/order/device",
  "abi/life/inflight",
  "ops/add:f32:values=random",
])("fails %s", async (query) => {
  expect(new Set(await statuses(query))).toEqual(new Set(["failed"]));
});
