const DISPOSAL =
  /(Object\.defineProperty\((rsc\d+), symbolDispose, \{ writable: true, value: function \(\) \{)(\s*finalizationRegistry\d+\.unregister\(\2\);\s*const handleEntry = rscTableRemove\(handleTable\d+, (handle\d+)\);)/g;

/**
 * Mends the disposal of resources that an export gives. jco declares the resource and its handle with `var`, so those
 * lifted in one loop share both, and dropping any of a `list<own<…>>` would drop the last. The disposal is called on
 * the resource, which knows its own handle.
 */
export function repairDisposal(source: string): string {
  return source.replace(DISPOSAL, '$1 const $2 = this, $4 = this[symbolRscHandle];$3');
}
