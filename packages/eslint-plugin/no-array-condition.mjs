// no-array-condition: a Tenon array where JavaScript asks for a truth value. An object is always true, concrete or traced,
// so `if (x)`, `!x`, `x && y`, `x ? a : b` silently take one side; neither types nor run-time traps can see it.
import { ESLintUtils } from "@typescript-eslint/utils";

const DOCS = "eslint-plugin-tenon/README.md";
/** Names under which the array class is exported. */
const ARRAY_CLASSES = new Set(["NDArray", "ConcreteArray", "Tracer", "Literal"]);
/** Array methods whose callback's result is a condition. */
const PREDICATES = new Set(["filter", "some", "every", "find", "findIndex", "findLast", "findLastIndex"]);
const NULLISH = 32768 | 65536 | 16384; // TypeFlags.Undefined, Null, Void

/** Is the type a Tenon array, or a union of them? Unions with null or undefined are tests for absence. */
function isArray(type) {
  if (type.isUnion()) return type.types.every((t) => (t.flags & NULLISH) === 0 && isArray(t));
  if (type.isIntersection()) return type.types.some(isArray);
  const name = type.symbol?.name;
  if (name !== undefined && ARRAY_CLASSES.has(name) && hasArrayMembers(type)) return true;
  return (type.getBaseTypes?.() ?? []).some(isArray);
}
/** Another library's class of the same name has no `aval`. */
const hasArrayMembers = (type) =>
  type.getProperty("aval") !== undefined && type.getProperty("dtype") !== undefined;

/** The rule; needs type information (parserOptions.projectService). */
export const noArrayCondition = ESLintUtils.RuleCreator(() => DOCS)({
  name: "no-array-condition",
  defaultOptions: [{ allowIdentity: false }],
  meta: {
    type: "problem",
    docs: { description: "Forbid Tenon arrays as truth values and operands of ===" },
    messages: {
      condition:
        "An array is always true here, whatever it holds. For a concrete value: `x.item()`. Inside jit, vmap, grad: np.where(x, a, b) or lax.cond(x, f, g).",
      identity: "=== compares array objects, not elements: np.equal(x, y), or np.arrayEqual(x, y).item().",
    },
    schema: [{ type: "object", properties: { allowIdentity: { type: "boolean" } }, additionalProperties: false }],
  },
  create(context, [{ allowIdentity }]) {
    const services = ESLintUtils.getParserServices(context);
    const typeOf = (node) => services.getTypeAtLocation(node);
    const check = (node) => {
      if (node && isArray(typeOf(node))) context.report({ node, messageId: "condition" });
    };
    const test = (node) => check(node.test);
    return {
      IfStatement: test,
      WhileStatement: test,
      DoWhileStatement: test,
      ForStatement: test,
      ConditionalExpression: test,
      "UnaryExpression[operator='!']": (node) => check(node.argument),
      LogicalExpression: (node) => node.operator !== "??" && check(node.left),
      "BinaryExpression[operator=/^[!=]==?$/]": (node) => {
        if (!allowIdentity && isArray(typeOf(node.left)) && isArray(typeOf(node.right)))
          context.report({ node, messageId: "identity" });
      },
      CallExpression: (node) => {
        const { callee } = node;
        const [first] = node.arguments;
        if (first === undefined) return;
        if (callee.type === "Identifier" && callee.name === "Boolean") return check(first);
        if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier" || !PREDICATES.has(callee.property.name))
          return;
        for (const signature of typeOf(first).getCallSignatures())
          if (isArray(signature.getReturnType())) return context.report({ node: first, messageId: "condition" });
      },
    };
  },
}); // prettier-ignore
