/** `npm run rooms`: prints which room stands on which, as `npm run check` enforces it. */
import { picture } from "./lib/Rooms.ts"

process.stdout.write(picture())
