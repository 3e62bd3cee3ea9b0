import { runInNewContext } from 'node:vm';
import { errorCode } from '../../../src/readers/error-code.js';

it.each([
  ['an error with a code', Object.assign(new Error('gone'), { code: 'ENOENT' }), 'ENOENT'],
  [
    'an error of another realm',
    runInNewContext(`Object.assign(new Error('gone'), { code: 'ECONNREFUSED' })`),
    'ECONNREFUSED',
  ],
  ['an error without a code', new Error('gone'), undefined],
  ['an error whose code is a number', Object.assign(new Error('gone'), { code: 7 }), undefined],
  ['a thrown text', 'ENOENT', undefined],
  ['a thrown null', null, undefined],
])('the code of %s', (_what, error: unknown, code) => {
  expect(errorCode(error)).toBe(code);
});
