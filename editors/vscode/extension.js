// Starts `symc lsp` and hands it every .sym file; colours come from the grammar alone.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = () => {
  const [command, ...args] = workspace.getConfiguration("symc").get("command");
  client = new LanguageClient("symc", { command, args }, { documentSelector: [{ language: "sym" }] });
  return client.start();
};

exports.deactivate = () => client?.stop();
