// Fills web/static/vendor and web/paper/fonts from the npm packages that
// package-lock.json pins. Run by `npm run vendor`; the result depends on those
// packages and on web/view/icons.go alone.
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const target = join(here, "vendor");
const modules = join(root, "node_modules");

for (const name of await readdir(target)) {
  if (name !== "README") await rm(join(target, name), { recursive: true });
}
await mkdir(join(target, "altcha"));

// Bootstrap's style sheet, without the pointer to a source map that is not served.
const bootstrap = await readFile(join(modules, "bootstrap/dist/css/bootstrap.min.css"), "utf8");
await writeFile(join(target, "bootstrap.min.css"), bootstrap.replace(/\/\*# sourceMappingURL=.*?\*\/\s*$/, ""));
await copyFile(join(modules, "bootstrap/LICENSE"), join(target, "bootstrap.LICENSE"));

// One sprite of the icons in use.
const source = await readFile(join(root, "web/view/icons.go"), "utf8");
const names = [...source.matchAll(/\bIcon = "([a-z0-9-]+)"/g)].map((match) => match[1]).sort();
const symbols = await Promise.all(names.map(async (name) => {
  const svg = await readFile(join(modules, "@tabler/icons/icons/outline", `${name}.svg`), "utf8");
  const paths = [...svg.matchAll(/<path[^>]*>/g)].map((match) => match[0]).filter((path) => !path.includes('stroke="none"'));
  return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75"`
    + ` stroke-linecap="round" stroke-linejoin="round">${paths.join("")}</symbol>`;
}));
await writeFile(join(target, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`);
await copyFile(join(modules, "@tabler/icons/LICENSE"), join(target, "icons.LICENSE"));

// The solver of the proof of work, as plain modules.
for (const name of ["index.js", "helpers.js"]) {
  await copyFile(join(modules, "altcha-lib/dist/esm/v1", name), join(target, "altcha", name));
}
await copyFile(join(modules, "altcha-lib/LICENSE.txt"), join(target, "altcha/LICENSE"));

// The charts of the statistics: the build that draws SVG.
await copyFile(join(modules, "echarts/dist/echarts.common.min.js"), join(target, "echarts.min.js"));
await copyFile(join(modules, "echarts/LICENSE"), join(target, "echarts.LICENSE"));
await copyFile(join(modules, "echarts/NOTICE"), join(target, "echarts.NOTICE"));

// The font of printed papers.
const fonts = join(root, "web/paper/fonts");
const noto = join(modules, "@expo-google-fonts/noto-sans-sc");
await copyFile(join(noto, "400Regular/NotoSansSC_400Regular.ttf"), join(fonts, "NotoSansSC_400Regular.ttf"));
await copyFile(join(noto, "LICENSE_FONT"), join(fonts, "NotoSansSC.LICENSE"));

console.log(`vendor: bootstrap, ${names.length} icons, altcha, echarts, Noto Sans SC`);
