// Starts `hdsl lsp` for .ham files. Colours and brackets need nothing of this.
"use strict";

const vscode = require("vscode");

let client;

async function activate(context) {
  let languageclient;
  try {
    languageclient = require("vscode-languageclient/node");
  } catch {
    vscode.window.showWarningMessage("hdsl: run `npm install` in the folder of the extension, for all but colours.");
    return;
  }
  const command = vscode.workspace.getConfiguration("hdsl").get("command");
  const watcher = vscode.workspace.createFileSystemWatcher("**/*.ham");
  context.subscriptions.push(watcher);
  client = new languageclient.LanguageClient(
    "hdsl",
    "hdsl",
    { command, args: ["lsp"], transport: languageclient.TransportKind.stdio },
    { documentSelector: [{ language: "ham" }], synchronize: { fileEvents: watcher } },
  );
  try {
    await client.start();
  } catch (wrong) {
    const install = "pip install 'hdsl[lsp]', and set hdsl.command to the program where it is in no PATH";
    vscode.window.showErrorMessage(`hdsl: \`${command} lsp\` could not be started (${wrong.message}): ${install}.`);
  }
}

function deactivate() {
  return client && client.stop();
}

module.exports = { activate, deactivate };
