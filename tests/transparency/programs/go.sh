# a Go program: goroutines that its preemption signals interrupt, channels, a collector under load, os/exec and a nil pointer recovered from
# needs: go
# varies: go/** cache/** program
prepare() {
  cat >main.go <<'END'
package main

import ("bytes"; "fmt"; "os"; "os/exec"; "os/signal"; "runtime"; "sync"; "syscall"; "time")

func spin(n int) (s int) { for i := 0; i < n; i++ { s += i ^ (s << 1) }; return }
func null() (err error) { defer func() { err = fmt.Errorf("recovered: %v", recover()) }(); var p *int; *p = 1; return }

func main() {
	runtime.GOMAXPROCS(4)
	var wg sync.WaitGroup
	c := make(chan int, 3)
	for g := 0; g < 16; g++ { wg.Add(1); go func() { defer wg.Done(); x := spin(20_000_000); _ = x; c <- g }() }
	go func() { wg.Wait(); close(c) }()
	s := 0
	for v := range c { s += v }
	fmt.Println("sum", s)
	keep := [][]byte{}
	for i := 0; i < 20000; i++ { b := make([]byte, 4096); b[0] = byte(i); if i%50 == 0 { keep = append(keep, b) } }
	runtime.GC(); fmt.Println("kept", len(keep))
	out, err := exec.Command("tr", "a-z", "A-Z").Output(); fmt.Println(string(out), err)
	cmd := exec.Command("cat"); cmd.Stdin = bytes.NewReader(bytes.Repeat([]byte("x"), 100000)); out, _ = cmd.Output(); fmt.Println(len(out))
	fmt.Println(null())
	got := make(chan os.Signal, 1); signal.Notify(got, syscall.SIGUSR1); syscall.Kill(os.Getpid(), syscall.SIGUSR1); fmt.Println(<-got)
	select { case <-time.After(20 * time.Millisecond): fmt.Println("tick") }
	var mu sync.Mutex; n := 0
	for g := 0; g < 50; g++ { wg.Add(1); go func() { defer wg.Done(); for i := 0; i < 500; i++ { mu.Lock(); n++; mu.Unlock() } }() }
	wg.Wait(); fmt.Println(n); os.Exit(5)
}
END
  GOCACHE=$PWD/cache GOPATH=$PWD/go GO111MODULE=off go build -o program main.go
}
run() { ./program; }
