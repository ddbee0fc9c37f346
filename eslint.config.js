// Lint: type-aware rules, and the direction in which imports may point.
import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Folders of core/distill/src in the order in which data flows: a folder imports from those before it. */
const flow = [
  'text',
  'contracts',
  'errors',
  'files',
  'plugin',
  'recipe',
  'container',
  'data',
  'teach',
  'store',
  'students',
  'losses',
  'train',
  'evaluate',
  'preflight',
  'export',
  'report',
  'tasks',
  'run',
  'cli',
  'testing',
];

const publicDoorsOnly = {
  group: ['potstill/*', '!potstill/package.json', '!potstill/testing', '!potstill/report', '@potstill/*/*'],
  message:
    "Import from the package's public door ('potstill', 'potstill/report', 'potstill/testing', '@potstill/engine'); export there what is missing.",
};

const quietRuntimeOnly = {
  group: ['onnxruntime-node'],
  message:
    "ONNX Runtime reports to its maker unless told not to first: import `ort` from '@potstill/engine'.",
};

const restrict = (patterns) => ({
  'no-restricted-imports': ['error', { patterns: [quietRuntimeOnly, ...patterns] }],
});

const flowRules = flow.map((folder, at) => {
  const later = flow.slice(at + 1);
  return {
    files: [`core/distill/src/${folder}/**/*.ts`],
    rules: restrict([
      publicDoorsOnly,
      {
        group: ['@potstill/vision', 'potstill'],
        message:
          'The core knows no plugin. Put the contract in core/distill/src/contracts and let the plugin implement it.',
      },
      ...(later.length === 0
        ? []
        : [
            {
              group: later.flatMap((name) => [`../${name}/*`, `../../${name}/*`]),
              message: `'${folder}' comes before ${later.map((name) => `'${name}'`).join(', ')}: imports point left only. Pass the thing in as an argument, or move what both need to the left.`,
            },
          ]),
    ]),
  };
});

export default tseslint.config(
  { ignores: ['**/dist/', '**/node_modules/', '**/coverage/', 'runs/', 'core/*/runs/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['core/*/tsconfig.json', 'plugins/*/tsconfig.json', 'tsconfig.tools.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowArray: true, allowBoolean: true },
      ],
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/require-await': 'off',
      eqeqeq: 'error',
      ...restrict([publicDoorsOnly]),
    },
  },
  {
    files: ['core/engine/src/**/*.ts'],
    rules: restrict([
      {
        group: ['potstill', 'potstill/*', '@potstill/*', '**/distill/**'],
        message:
          'The engine knows nothing of distillation. Give it what it needs as a function, a tensor or an option.',
      },
    ]),
  },
  { files: ['core/engine/src/onnx-runtime.ts'], rules: { 'no-restricted-imports': 'off' } },
  ...flowRules,
  {
    files: ['plugins/*/src/**/*.ts'],
    rules: restrict([
      publicDoorsOnly,
      {
        group: ['@potstill/vision', '@potstill/speech', '@potstill/text', '@potstill/graph', '**/core/**'],
        message:
          "A plugin imports 'potstill' and '@potstill/engine' alone, never another plugin or a deep path. What two plugins need belongs in the core.",
      },
    ]),
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: { globals: { console: 'readonly', process: 'readonly', URL: 'readonly' } },
  },
);
