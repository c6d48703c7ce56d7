// The page's own code: lists typed functions, makes a form of each from its OpenAPI document, and calls it.
// Texts from the host and from guests become text nodes only.

let token = '';
/** Session by function: new handles join it. */
const sessions = new Map();

const notice = document.querySelector('#notice');
const main = document.querySelector('main');
const nav = document.querySelector('nav');
const calls = document.querySelector('#calls');

document.querySelector('#sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  token = document.querySelector('#token').value.trim();
  showFunctions().catch((error) => say(error.message, true));
});

function say(text, bad = false) {
  notice.textContent = text;
  notice.classList.toggle('bad', bad);
}

async function api(path, body) {
  const response = await fetch(path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body }),
  });
  const answer = await response.json();
  return { status: response.status, ok: response.ok, answer };
}

async function showFunctions() {
  const { ok, answer } = await api('/v1/functions');
  if (!ok) throw new Error(answer.detail);
  const typed = answer.functions.filter(
    (each) => each.lane === 'typed' && each.status === 'active',
  );
  main.hidden = typed.length === 0;
  nav.replaceChildren();
  calls.replaceChildren();
  if (typed.length === 0) {
    say('No function with typed exports is active: deploy a component that exports functions.');
    return;
  }
  say(`${typed.length} ${typed.length === 1 ? 'function has' : 'functions have'} typed exports.`);
  for (const { name } of typed) {
    const described = await api(`/v1/functions/${name}/openapi.json`);
    if (described.ok) list(name, described.answer);
    else nav.append(element('h2', `${name}: ${described.answer.detail}`));
  }
  nav.querySelector('button')?.click();
}

function list(name, openapi) {
  let tag;
  for (const [path, { post }] of Object.entries(openapi.paths)) {
    if (post === undefined) continue;
    if (post.tags[0] !== tag) {
      [tag] = post.tags;
      nav.append(element('h2', tag === 'functions' ? name : `${name} · ${tag}`));
    }
    const button = element(
      'button',
      path
        .split('/')
        .slice(tag === 'functions' ? 1 : 2)
        .join('/') || path,
    );
    button.type = 'button';
    button.addEventListener('click', () => {
      for (const each of nav.querySelectorAll('button'))
        each.setAttribute('aria-current', String(each === button));
      calls.replaceChildren(card(name, path.slice(1), post, openapi));
    });
    nav.append(button);
  }
}

function card(name, path, post, openapi) {
  const form = element('form');
  form.className = 'card';
  form.append(element('h2', path), element('div', post['x-wit'], 'wit'));
  if (post.description !== undefined) form.append(element('p', post.description, 'docs'));
  const schema = post.requestBody.content['application/json'].schema;
  const fields = Object.entries(schema.properties).map(([param, each]) =>
    field(param, each, schema.required.includes(param), openapi),
  );
  form.append(...fields.map((each) => each.row));
  const button = element('button', 'Call', 'call');
  const answer = element('div');
  form.append(button, answer);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      const args = fields.map(({ read }) => read()).filter((each) => each !== undefined);
      const session = sessions.get(name);
      const members = [`"path":${JSON.stringify(path)}`, `"args":{${args.join(',')}}`];
      if (session !== undefined && post.parameters !== undefined)
        members.push(`"session":${JSON.stringify(session)}`);
      const result = await api(`/v1/functions/${name}/call`, `{${members.join(',')}}`);
      if (result.answer.session !== undefined) sessions.set(name, result.answer.session);
      if (result.answer.code === 'session-unknown') sessions.delete(name);
      answer.replaceChildren(shown(result));
    } catch (error) {
      answer.replaceChildren(shown({ ok: false, status: '', answer: { detail: error.message } }));
    } finally {
      button.disabled = false;
    }
  });
  return form;
}

function shown({ ok, status, answer }) {
  const box = element('div', undefined, ok ? 'answer' : 'answer bad');
  box.setAttribute('role', 'status');
  if (ok) {
    box.append(element('strong', 'json' in answer ? 'Result' : 'Done, without a result'));
    if ('json' in answer) box.append(element('pre', JSON.stringify(answer.json, null, 2)));
    return box;
  }
  box.append(element('strong', `${status} ${answer.title ?? ''}`), element('p', answer.detail));
  if ('error' in answer) box.append(element('pre', JSON.stringify(answer.error, null, 2)));
  if (answer.fix !== undefined) box.append(element('p', answer.fix));
  return box;
}

/** One argument: a row to show, and how to read it as a member of a JSON object. */
function field(name, schema, required, openapi) {
  const row = element('div', undefined, 'field');
  const label = element('label', name);
  const target = resolve(schema, openapi);
  const input = inputFor(target, openapi);
  input.id = `arg-${name}`;
  label.htmlFor = input.id;
  label.append(element('small', hint(schema, target, required)));
  row.append(label, input);
  if (schema.description !== undefined) row.append(element('small', schema.description));
  return { row, read: () => member(name, input, target, required) };
}

function inputFor(schema, openapi) {
  if (Array.isArray(schema.enum)) {
    const select = element('select');
    select.append(...schema.enum.map((each) => element('option', each)));
    return select;
  }
  if (schema.type === 'boolean') {
    const box = element('input');
    box.type = 'checkbox';
    return box;
  }
  if (['string', 'integer'].includes(schema.type)) return element('input');
  const area = element('textarea');
  area.placeholder = `JSON, such as ${JSON.stringify(sampleOf(schema, openapi))}`;
  area.rows = Math.min(8, 2 + Math.floor(area.placeholder.length / 80));
  return area;
}

function member(name, input, schema, required) {
  const key = `${JSON.stringify(name)}:`;
  if (input.type === 'checkbox') return key + String(input.checked);
  if (schema.type === 'string') return key + JSON.stringify(input.value);
  const text = input.value.trim();
  if (text === '') {
    if (!required) return undefined;
    throw new Error(`${name} is empty`);
  }
  // Checked here, sent as it is written: a 64-bit number keeps its digits.
  try {
    JSON.parse(text);
    return key + text;
  } catch {
    return key + JSON.stringify(text);
  }
}

/** A value that the schema takes, as simple as may be. */
function sampleOf(given, openapi, depth = 0) {
  const schema = resolve(given, openapi);
  if (depth > 6) return null;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.oneOf !== undefined)
    return sampleOf(schema.oneOf.find((each) => each.type !== 'null') ?? {}, openapi, depth + 1);
  if (schema.prefixItems !== undefined)
    return schema.prefixItems.map((each) => sampleOf(each, openapi, depth + 1));
  if (schema.type === 'array') return [sampleOf(schema.items, openapi, depth + 1)];
  if (schema.type === 'object') {
    return Object.fromEntries(
      Object.entries(schema.properties).map(([name, each]) => [
        name,
        sampleOf(each, openapi, depth + 1),
      ]),
    );
  }
  return (
    {
      integer: 1,
      number: 1.5,
      boolean: true,
      string: schema.contentEncoding === undefined ? 'text' : 'AQID',
    }[schema.type] ?? null
  );
}

function resolve(schema, openapi) {
  const name = schema.$ref?.split('/').at(-1);
  return name === undefined ? schema : (openapi.components.schemas[name] ?? {});
}

function hint(schema, target, required) {
  const name = schema.$ref?.split('/').at(-1);
  const type =
    name ??
    target.format ??
    (target.contentEncoding === 'base64' ? 'base64' : (target.type ?? 'JSON'));
  return required ? type : `${type}, may be left out`;
}

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className !== undefined) made.className = className;
  return made;
}
