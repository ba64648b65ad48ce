// The stages between a jitted function and its executable, to be read: jaxpr, program, compiled program.
import { printProgram, type Program } from "tenon-plugin-api";
import { fail } from "../../errors.ts";
import type { ShapedArray } from "../../ir/aval.ts";
import type { Jaxpr } from "../../ir/jaxpr.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import { printJaxpr } from "../../ir/print.ts";
import { compileAhead } from "../../runtime/dispatch.ts";
import { lower } from "../../runtime/lower.ts";
import { currentDevice, type RuntimeDevice } from "../../runtime/registry.ts";

/** A traced function. */
export class Traced {
  readonly name: string;
  readonly jaxpr: Jaxpr;
  /** Captured arrays, the jaxpr's leading inputs. */
  readonly consts: readonly NDArray[];
  private readonly donate: readonly boolean[] | undefined;
  constructor(
    name: string,
    jaxpr: Jaxpr,
    consts: readonly NDArray[],
    donate: readonly boolean[] | undefined,
  ) {
    this.name = name;
    this.jaxpr = jaxpr;
    this.consts = consts;
    this.donate = donate;
  }
  get outAvals(): readonly ShapedArray[] {
    return this.jaxpr.outs.map((o) => o.aval);
  }
  /** The program that plugins get. */
  lower(): Lowered {
    const args = this.jaxpr.inVars.length - this.consts.length;
    const donate = [...this.consts.map(() => false), ...(this.donate ?? Array<boolean>(args).fill(false))];
    return new Lowered(this.name, this.jaxpr, donate);
  }
  asText(): string {
    return printJaxpr(this.jaxpr);
  }
  toString(): string {
    return this.asText();
  }
}

/** A program, not yet compiled. */
export class Lowered {
  readonly name: string;
  private readonly jaxpr: Jaxpr;
  private readonly donate: readonly boolean[];
  constructor(name: string, jaxpr: Jaxpr, donate: readonly boolean[]) {
    this.name = name;
    this.jaxpr = jaxpr;
    this.donate = donate;
  }
  /** The program as plugins get it; a captured array is a leading parameter, and so are numbers in the code. */
  get program(): Program {
    return lower(this.jaxpr, { name: this.name, donate: this.donate, hoistLiterals: true }).program;
  }
  /** Its text: "program" (default), or "jaxpr". @throws E_ARGUMENT for another dialect */
  asText(dialect: "program" | "jaxpr" = "program"): string {
    if (dialect === "program") return printProgram(this.program);
    if (dialect === "jaxpr") return printJaxpr(this.jaxpr);
    throw fail("E_ARGUMENT", `lowered.asText: "${String(dialect)}" is neither "program" nor "jaxpr"`);
  }
  /** Compiles for the current device (or `device`), so that later calls find the executable ready. */
  async compile(device: RuntimeDevice = currentDevice()): Promise<void> {
    await compileAhead(this.jaxpr, device, this.name, this.donate);
  }
}
