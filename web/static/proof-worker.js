// Solves a proof of work away from the page, which goes on answering the person.
import { solveChallenge } from "./vendor/altcha/index.js";

self.addEventListener("message", async ({ data }) => {
  self.postMessage(await solveChallenge(data.challenge, data.salt, data.algorithm, data.maxnumber).promise);
});
