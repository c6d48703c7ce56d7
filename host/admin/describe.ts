import { PROBLEM_CONTENT_TYPE } from '../base/index.ts';
import { schemas } from './schemas.ts';
import type { z } from '@hono/zod-openapi';

/** Statuses that a route answers with besides success, each with its stable codes. */
export type Refusals = Readonly<Record<number, readonly string[]>>;

const TITLES: Readonly<Record<number, string>> = {
  400: 'The request is wrong.',
  401: 'The token is missing or wrong.',
  403: 'The Host or Origin is not one that may use the API.',
  404: 'There is no such thing.',
  408: 'The upload took too long.',
  409: 'It does not fit what is there.',
  413: 'The upload is too large.',
  415: 'The upload is of a kind that is not taken.',
  422: 'The module cannot be served as configured.',
  429: 'Too many wrong tokens.',
  500: 'The host failed; its log says why.',
  503: 'Not now.',
  507: 'The disk is full.',
};

const ALWAYS: Refusals = { 403: ['host-refused', 'origin-refused'], 500: ['internal'] };
const SECURED: Refusals = { ...ALWAYS, 401: ['unauthorized'], 429: ['too-many-attempts'] };

export const SECURITY = [{ bearer: [] }];

export function json(schema: z.ZodType, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

/** Responses of a route that needs the token. */
export function secured(refusals: Refusals) {
  return problems({ ...SECURED, ...refusals });
}

/** Responses of a route that needs none. */
export function open(refusals: Refusals = {}) {
  return problems({ ...ALWAYS, ...refusals });
}

function problems(refusals: Refusals) {
  return Object.fromEntries(
    Object.entries(refusals).map(([status, codes]) => [
      status,
      {
        description: `${TITLES[Number(status)] ?? 'Refused.'} Codes: ${codes.join(', ')}.`,
        content: { [PROBLEM_CONTENT_TYPE]: { schema: schemas.problem } },
      },
    ]),
  );
}
