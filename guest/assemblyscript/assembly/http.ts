/** One header field. The bytes of its value are the codes of the string's characters (ISO 8859-1). */
export class Header {
  name: string = '';
  value: string = '';
}

/** What `handle` is given: a whole request. */
export class Request {
  method: string = '';
  /** Below the function's own address, with the query: `/x?y=1`. */
  path: string = '';
  scheme: string = '';
  /** Host and port that the request named; empty where it named none. */
  authority: string = '';
  headers: Array<Header> = [];
  body: ArrayBuffer = new ArrayBuffer(0);
}

/** What `handle` returns: a whole response. */
export class Response {
  status: i32 = 200;
  headers: Array<Header> = [];
  body: ArrayBuffer = new ArrayBuffer(0);
}

/** The value of the first field of that name, `null` where there is none. */
export function header(headers: Array<Header>, name: string): string | null {
  const wanted = name.toLowerCase();
  for (let i = 0; i < headers.length; i++) {
    if (headers[i].name.toLowerCase() == wanted) return headers[i].value;
  }
  return null;
}

/** A response of text, in UTF-8. */
export function text(body: string, status: i32 = 200, type: string = 'text/plain; charset=utf-8'): Response {
  return { status, headers: [{ name: 'content-type', value: type }], body: String.UTF8.encode(body) };
}
