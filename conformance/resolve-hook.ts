// Module resolution for plugins outside of this workspace: `tenon-*` packages that are not installed beside them are those
// of the suite. Runs on Node's loader thread.

/** What Node gives a resolve hook. */
type Next = (
  specifier: string,
  context: { readonly parentURL?: string },
) => Promise<{ readonly url: string }>;

/** Resolves as Node does; a `tenon-*` package that isn't found there, from here. */
export async function resolve(
  specifier: string,
  context: { readonly parentURL?: string },
  next: Next,
): Promise<{ readonly url: string }> {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (!/^tenon(-|$)/.test(specifier)) throw error;
    return next(specifier, { ...context, parentURL: import.meta.url });
  }
}
