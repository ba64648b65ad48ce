// Queries address cases by text: an id, the beginning of one, or a pattern with stars.

/** Ends of a part of an id: `ops/add` asks for ops/add:f32:…, not for ops/add_more. */
const PART_END = /[/:,=]/;

/**
 * Does a query address an id? `*` stands for anything, also nothing; without a star the query is an id or its beginning up
 * to one of `/ : , =`.
 * @example matches("ops/add:f32", "ops/add:f32:values=random")  // true
 */
export function matches(query: string, id: string): boolean {
  if (query.includes("*")) return pattern(query).test(id);
  if (!id.startsWith(query)) return false;
  return (
    id.length === query.length || PART_END.test(query.slice(-1)) || PART_END.test(id[query.length] as string)
  );
}
function pattern(query: string): RegExp {
  const parts = query.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}
