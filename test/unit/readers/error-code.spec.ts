import { runInNewContext } from 'node:vm';
import { errorCode } from '../../../src/readers/error-code.js';

it.each([
  ['an error with a code', 'ENOENT', Object.assign(new Error('gone'), { code: 'ENOENT' })],
  [
    'an error of another realm',
    'ECONNREFUSED',
    runInNewContext(`Object.assign(new Error('gone'), { code: 'ECONNREFUSED' })`),
  ],
  ['an error without a code', undefined, new Error('gone')],
  ['an error whose code is a number', undefined, Object.assign(new Error('gone'), { code: 7 })],
  ['a thrown text', undefined, 'ENOENT'],
  ['a thrown null', undefined, null],
])('the code of %s is %s', (_what, code, error: unknown) => {
  expect(errorCode(error)).toBe(code);
});
