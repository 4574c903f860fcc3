// SPDX-License-Identifier: MIT
// Three worker threads that allocate and sort, joined by the main thread; then a copy of /proc/self/maps to the file named as argument.
"use strict";
const { Worker, isMainThread, parentPort, workerData } = require("worker_threads");
const fs = require("fs");

function work(seed) {
	const rows = [];
	for (let i = 0; i < 12000; i++)
		rows.push({ key: (i * 7919 + seed) % 10007, text: "row " + i });
	rows.sort((a, b) => a.key - b.key || a.text.localeCompare(b.text));
	const block = new Float64Array(200000).fill(seed);
	return rows.length + block.reduce((sum, x) => sum + x, 0);
}

if (!isMainThread) {
	parentPort.postMessage(work(workerData));
} else {
	let left = 3;
	for (let seed = 1; seed <= 3; seed++) {
		const worker = new Worker(__filename, { workerData: seed });
		worker.on("exit", () => {
			if (--left === 0)
				fs.writeFileSync(process.argv[2], fs.readFileSync("/proc/self/maps"));
		});
	}
}
