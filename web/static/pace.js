// How far an upload is, and about how long it still takes.
import { t } from "./words.js";

const soonest = 1000; // milliseconds after which a pace can be told

export class Pace {
  #began = performance.now();

  text(loaded, total) {
    const percent = `${Math.floor(100 * loaded / total)}%`;
    const gone = performance.now() - this.#began;
    if (gone < soonest || loaded === 0) return percent;
    const left = Math.max(1, Math.ceil((total - loaded) * gone / loaded / 1000));
    return left < 100 ? t("%s，剩余约 %s 秒", percent, left) : t("%s，剩余约 %s 分钟", percent, Math.ceil(left / 60));
  }
}
