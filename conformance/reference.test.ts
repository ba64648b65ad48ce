import { reference } from "tenon-reference";
import { conformanceFor } from "./vitest.ts";

conformanceFor(reference());
