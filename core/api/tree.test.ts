// Trees: leaf order, reduction, transposition.
import { expect, test } from "vitest";
import { all, leaves, reduce, structure, transpose } from "./tree.ts";

const unread = (x: unknown): never => x as never;

test("leaves come by sorted key, null is none", () => {
  expect(leaves({ z: 1, a: [2, null, { c: 3, b: 4 }] })).toEqual([2, 4, 3, 1]);
});
test("reduce goes from left to right", () => {
  const f = unread((s: number, x: number) => s * 2 + x);
  expect(reduce(f, { b: 3, a: [1, null, 2] })).toBe(11);
  expect(reduce(f, [1, 2], unread(10))).toBe(44);
  expect(() => reduce(f, [null])).toThrow("no leaves");
});
test("all looks at each leaf", () => {
  expect([all([true, { a: 1 }]), all([true, { a: 0 }]), all([])]).toEqual([true, false, true]);
});
test("transpose turns a list of objects into an object of lists", () => {
  const [outer, inner] = [structure([0, 0]), structure({ x: 0, y: [0] })];
  const turned = transpose(outer, inner, [
    { x: 1, y: [2] },
    { x: 3, y: [4] },
  ]);
  expect(turned).toEqual({ x: [1, 3], y: [[2, 4]] });
  expect(() => transpose(outer, inner, [{ x: 1 }, { x: 3 }])).toThrow("tree.transpose");
});
