// SPDX-License-Identifier: MIT
// Four rounds of twelve threads that fill maps and strings; then a copy of /proc/self/maps to the file named as argument.
import java.io.FileInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

public class Threads {
	private static void work(int seed) {
		Map<Integer, String> rows = new HashMap<>();
		for (int i = 0; i < 4000; i++)
			rows.put(i * seed, "row " + i);
		long sum = 0;
		for (String row : rows.values())
			sum += row.hashCode();
		if (sum == 42)
			System.out.println("chance");
	}

	public static void main(String[] args) throws Exception {
		for (int round = 0; round < 4; round++) {
			List<Thread> threads = new ArrayList<>();
			for (int i = 1; i <= 12; i++) {
				final int seed = i;
				Thread thread = new Thread(() -> work(seed));
				threads.add(thread);
				thread.start();
			}
			for (Thread thread : threads)
				thread.join();
		}
		Thread.sleep(300); // for the compiler threads to come to rest
		byte[] text;
		try (FileInputStream maps = new FileInputStream("/proc/self/maps")) {
			text = maps.readAllBytes();
		}
		Files.write(Path.of(args[0]), text);
	}
}
