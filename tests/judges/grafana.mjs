// Judges a dashboard by the types that Grafana publishes for its model (@grafana/schema, Apache-2.0).
//
//   node grafana_judge.mjs FOLDER DASHBOARD.json…
//
// FOLDER has node_modules. TypeScript compares the JSON, written as a literal, with the types: an unknown key, a missing
// one and a value of the wrong kind are errors. Prints them and ends with 1, or ends with 0.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import path from "node:path";

const [folder, ...files] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(folder), "package.json"));
const ts = require("typescript");
const types = path.dirname(require.resolve("@grafana/schema/package.json")) + "/dist/types";
const modern = ts.sys.fileExists(`${types}/index.d.ts`);
const root = modern ? types : path.dirname(types);

// A literal is no member of an enumeration to TypeScript, and JSON has only literals.
function unions(text) {
    return text.replace(/export declare enum (\w+) \{([^}]*)\}/g, (_, name, body) => {
        const members = [...body.matchAll(/(\w+) = ("[^"]*"|-?\d+)/g)];
        const values = members.map(([, , value]) => value).join(" | ");
        const names = members.map(([, member, value]) => `type ${member} = ${value};`).join(" ");
        return `export type ${name} = ${values}; export declare namespace ${name} { ${names} }`;
    });
}

// What the package has no types for: what Prometheus is asked, and links of a column.
const HEAD = `
import type * as schema from "raw/dashboard/x/dashboard_types.gen";
import type * as stat from "raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type * as table from "raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type * as timeseries from "raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";
import type * as timeline from "raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen";
import type * as heatmap from "raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen";
interface Query { refId: string; datasource: schema.DataSourceRef; editorMode: "code"; expr: string; legendFormat: string;
    instant: boolean; range: boolean; format?: "table" | "time_series" | "heatmap" }
type Deep<T> = T extends (infer E)[] ? Deep<E>[] : T extends object ? { [K in keyof T]?: Deep<T[K]> } : T;
type Of<Kind, Options, Custom> = Omit<schema.Panel, "type" | "options" | "fieldConfig" | "targets"> & {
    type: Kind; options: Deep<Options>; targets: Query[];
    fieldConfig: { defaults: Omit<schema.FieldConfig, "custom"> & { custom: Deep<Custom> };
        overrides: schema.FieldConfigSource["overrides"] } };
type Panel = Of<"stat", stat.Options, {}> | Of<"table", table.Options, table.FieldConfig>
    | Of<"timeseries", timeseries.Options, timeseries.FieldConfig>
    | Of<"state-timeline", timeline.Options, timeline.FieldConfig> | Of<"heatmap", heatmap.Options, heatmap.FieldConfig>;
type Annotation = schema.AnnotationQuery & { expr: string; step: string; titleFormat: string; textFormat: string;
    tagKeys: string; useValueForTime: "on" | "off" };
type Variable = schema.VariableModel & { definition?: string };
type Dashboard = Omit<schema.Dashboard, "panels" | "annotations" | "templating"> & {
    panels: (Panel | schema.RowPanel)[]; annotations: { list: Annotation[] }; templating: { list: Variable[] } };
export const judged: Dashboard = `;

const options = { strict: true, noEmit: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022, types: [],
    module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, baseUrl: root,
    paths: { "@grafana/schema": [`${root}/index.d.ts`] } };
const host = ts.createCompilerHost(options);
const sources = new Map(files.map((file) => [path.resolve(file) + ".ts", HEAD + readFileSync(file, "utf8")]));
const read = host.readFile.bind(host);
host.fileExists = ((exists) => (name) => sources.has(name) || exists(name))(host.fileExists.bind(host));
host.readFile = (name) => sources.get(name) ?? (name.startsWith(root) ? unions(read(name)) : read(name));
host.getSourceFile = (name, target) => {
    const text = host.readFile(name);
    return text === undefined ? undefined : ts.createSourceFile(name, text, target, true);
};
const program = ts.createProgram([...sources.keys()], options, host);
const found = ts.getPreEmitDiagnostics(program);
process.stdout.write(ts.formatDiagnostics(found, { getCanonicalFileName: (n) => n, getNewLine: () => "\n",
    getCurrentDirectory: () => process.cwd() }));
process.exit(found.length ? 1 : 0);
