// asker.mjs SCOPE SECONDS cli|identity: ask Azure's SDK for a token until stopped, by the provider that programs
// give to their clients. Each line is JSON: when, the token's SHA-256, or the error. ASKER_BEHIND puts the clock
// back by so many seconds, as behind.py says.
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

const True = Date;
const behind = 1000 * Number(process.env.ASKER_BEHIND ?? "0");
globalThis.Date = class extends True {
  constructor(...args) {
    super(...(args.length ? args : [True.now() - behind]));
  }
  static now() {
    return True.now() - behind;
  }
};
const { AzureCliCredential, ManagedIdentityCredential, getBearerTokenProvider } = await import("@azure/identity");

const [scope, every, kind] = process.argv.slice(2);
const credential = kind === "cli" ? new AzureCliCredential() : new ManagedIdentityCredential();
const provide = getBearerTokenProvider(credential, scope);
process.on("SIGTERM", () => process.exit(0));
for (;;) {
  const line = { error: "" };
  try {
    const token = await provide();
    line.sha256 = createHash("sha256").update(token).digest("hex");
  } catch (e) {
    line.error = `${e.name}: ${e.message}`;
  }
  line.at = True.now() / 1000;
  console.log(JSON.stringify(line));
  await sleep(1000 * Number(every));
}
