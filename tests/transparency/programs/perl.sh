# perl: fork, signals, pipes, local sockets, alarm, and text with regular expressions
# quick
# needs: perl
run() {
  perl -e '
    use strict; use Socket; use POSIX ":sys_wait_h"; $| = 1;
    my %k; for my $i (0..5) { my $p = fork // die; if (!$p) { exit $i } $k{$p} = $i }
    my $ok = 1; while ((my $p = wait) > 0) { $ok &&= ($? >> 8) == $k{$p} } print "children $ok\n";
    eval { local $SIG{ALRM} = sub { die "alarm\n" }; alarm 1; select(undef, undef, undef, 20); }; print $@;
    socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, PF_UNSPEC); if (!fork) { close $a; print $b scalar(reverse("olleh")), "\n"; exit } close $b; print <$a>; wait;
    open(my $s, "|-", "sort -r") or die; print $s "$_\n" for qw(b a c); close $s;
    my @l = `seq 5`; print scalar(@l), " lines\n"; local $SIG{USR1} = sub { print "USR1\n" }; kill USR1 => $$;
    my %h = map { $_ => length } split /\W+/, "the quick brown fox" x 50; print join(",", map {"$_$h{$_}"} sort keys %h), "\n";
    system("sh", "-c", "exit 3"); print $? >> 8, "\n"; kill KILL => $$ unless fork; wait; print $? & 127, "\n"; exec "sh", "-c", "echo last; exit 6";
  '
}
