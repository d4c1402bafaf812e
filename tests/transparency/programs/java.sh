# java: null checks by SIGSEGV, compiled code, threads that meet at safepoints, collections, a child process and a shutdown hook
# needs: java javac
prepare() {
  cat >Main.java <<'END'
import java.util.*; import java.util.concurrent.*; import java.util.stream.*;
public class Main {
  static class Node { int v; Node next; }
  static int look(Node n) { return n.next.v; }
  public static void main(String[] a) throws Exception {
    int caught = 0; Node n = new Node();
    for (int i = 0; i < 200000; i++) { n.next = i % 1000 == 999 ? null : n; try { look(n); } catch (NullPointerException e) { caught++; } }
    System.out.println("null pointers " + caught);
    ExecutorService pool = Executors.newFixedThreadPool(6); List<Future<Long>> fs = new ArrayList<>();
    for (int t = 0; t < 12; t++) { final int k = t; fs.add(pool.submit(() -> LongStream.range(0, 300000).map(x -> x * k % 7).sum())); }
    long s = 0; for (Future<Long> f : fs) s += f.get(); pool.shutdown(); System.out.println(s);
    List<byte[]> keep = new ArrayList<>(); for (int i = 0; i < 50000; i++) { byte[] b = new byte[2000]; if (i % 500 == 0) keep.add(b); } System.gc(); System.out.println(keep.size());
    Process p = new ProcessBuilder("sh", "-c", "echo child; exit 3").start(); System.out.print(new String(p.getInputStream().readAllBytes())); System.out.println(p.waitFor());
    System.out.println(IntStream.range(0, 1000).parallel().sum()); try { deep(0); } catch (StackOverflowError e) { System.out.println("overflow"); }
    Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook"))); Thread.sleep(20); System.exit(6);
  }
  static int deep(int n) { return deep(n + 1) + 1; }
}
END
  javac Main.java
}
run() { java -Xmx128m -cp . Main; }
