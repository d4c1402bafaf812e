# make -j4: forty C files compiled and linked, twice, with a job that fails
# needs: make cc
prepare() {
  for i in $(seq 40); do
    printf '#include <stdio.h>\n#include <stdlib.h>\nint f%d(int x) { printf("%%d\\n", x + %d); return x * %d; }\n' "$i" "$i" "$i" >"f$i.c"
  done
  { seq -f 'int f%g(int);' 40; echo 'int main(void) { int s = 0;'; seq -f 's += f%g(s & 7);' 40; echo 'return s & 127; }'; } >main.c
  printf 'OBJECTS = main.o $(patsubst %%,f%%.o,$(shell seq 40))\nprogram: $(OBJECTS)\n\tcc -o $@ $^\n%%.o: %%.c\n\t@cc -O1 -c $<\nbad:\n\tfalse\n' >Makefile
}
run() {
  make -j4 --output-sync=target; ./program || echo "status $?"; make -j4; touch -d 2037-01-01 f3.c 
  make -j4 -k bad program 2>&1 | sort | grep -v -i 'clock skew\|future' || true
}
