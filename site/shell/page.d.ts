// What the type checker cannot see in the scripts themselves: events of the page, and what others put into its globals.
// It ships nowhere; `python build.py test` checks the shell with it (tools/shell_types.py).

/** A form whose controls are asked for by name. */
interface LabForm extends HTMLFormElement {
  readonly elements: any;
}

/** What first.js offers to the scripts that it loads. */
interface LabFirst {
  load(url: string, then: () => void, lost?: () => void): void;
  why(url: string, known: object, then: (why: any) => void): void;
  fault(error: unknown, piece?: string): void;
  [name: string]: any;
}

declare var labFirst: LabFirst;

/** What scripts call that are loaded later: a file of `offline/`, and what a lock guards. */
interface LabEntrances {
  payload(name: string, base64: string): void;
  reveal(lock: string, html: string): void;
}

/** What the link of a class sets. */
interface ClassLink {
  student?: string;
  class?: string;
  fixed: string[];
  seed?: number;
  limits: Record<string, number>;
}

/** What an address says. */
interface LabAddress {
  track?: string;
  part?: string;
  step?: string;
  view?: string;
  settings: Record<string, any>;
  link: ClassLink;
  embed?: string;
  origin?: string;
  ignored: string[];
}

/** The reader's record. */
interface LabRecord {
  schema: number;
  lab: string;
  reader: string;
  student?: string;
  entries: Record<string, { value: any; at: number }>;
}

interface Window {
  labFirst: LabFirst;
  credentialless?: boolean; // of a frame, in Chromium
}

interface DocumentEventMap {
  "lab:boot": CustomEvent<"static" | "starting" | "live" | "failed">;
  "lab:python": CustomEvent<any>;
  "lab:elsewhere": CustomEvent<any>;
}

/** The scope of the worker that runs Python: worker.js is a function of the page until it is made into a blob. */
interface WorkerScope {
  postMessage(message: any, transfer?: Transferable[]): void;
  importScripts(...urls: string[]): void;
  fetch: typeof fetch;
  crypto: Crypto;
  onmessage: ((event: MessageEvent) => any) | null;
  fzstd: { decompress(packed: Uint8Array): Uint8Array };
  loadPyodide(options: object): Promise<any>;
}
