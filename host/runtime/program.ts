import type { Component, CoreModule } from '../component/index.ts';

/** What is run: a component, or a core module that imports nothing but `wasi_snapshot_preview1`. */
export type Program = { readonly component: Component } | { readonly module: CoreModule };
