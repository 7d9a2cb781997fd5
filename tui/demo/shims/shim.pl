# Carries one call to the simulated host over its Unix socket, and the answer back.
# No module is loaded: Socket.pm alone would cost five times perl's own start.
# Out: length, then NAME CWD TTY PID ARGC ARG... KEY=VALUE... divided by NUL; then frames d (stdin).
# In: frames of a letter, a length and a payload: o e stdout, stderr; i send stdin; x exit status;
# k die of a signal; r run this instead (ARGC ARG... KEY=VALUE...; a KEY alone is unset).
my ($name) = $0 =~ m{([^/]+)\z};
my $s;
socket($s, 1, 1, 0) && connect($s, pack('S a*', 1, $place))
    or do { syswrite(STDERR, "$name: the simulated host is gone\n"); exit 127 };
my $tty = (-t STDIN ? 'i' : '') . (-t STDOUT ? 'o' : '');
my @env = map { "$_=$ENV{$_}" }
    grep { /^(?:RELEASE_|DEMO_|SYSTEMD_|SUDO_|DATABASE_|LC_|LANG$|TERM$|COLUMNS$|TZ$|USER$|HOME$)/ }
    keys %ENV;
push @env, "$_=$ENV{$_}" for grep { /_(?:URL|KEY|BASE|PORT|HOST)$/ && !/^DATABASE_/ } keys %ENV;
my $call = join("\0", $name, readlink('/proc/self/cwd') // '/', $tty, $$, scalar @ARGV, @ARGV, @env);
sub put { my ($fh, $data) = @_;
    while (length $data) {
        my $n = syswrite($fh, $data);
        if (defined $n) { substr($data, 0, $n) = '' }
        elsif ($! != 4 && $! != 11) { exit 1 }  # but EINTR, EAGAIN (%! would load a module)
    } }
put($s, pack('N', length $call) . $call);
my ($buffer, $input, $watch) = ('', 0, -p STDOUT);
while (1) {
    my $bits = '';
    vec($bits, fileno($s), 1) = 1;
    vec($bits, 0, 1) = 1 if $input;
    vec($bits, 1, 1) = 1 if $watch;  # the reader of our pipe has gone: journalctl -f ends at once
    next if select($bits, undef, undef, undef) < 0;
    exit 1 if $watch && vec($bits, 1, 1);
    if ($input && vec($bits, 0, 1)) {
        my $n = sysread(STDIN, my $data, 65536) // 0;
        $input = 0 if !$n;
        put($s, 'd' . pack('N', $n) . $data);
    }
    next if !vec($bits, fileno($s), 1);
    my $n = sysread($s, $buffer, 65536, length $buffer);
    if (!$n) { syswrite(STDERR, "$name: the simulated host is gone\n"); exit 127 }
    while (length $buffer >= 5) {
        my ($kind, $size) = unpack('a N', $buffer);
        last if length $buffer < 5 + $size;
        my $data = substr($buffer, 5, $size);
        substr($buffer, 0, 5 + $size) = '';
        if ($kind eq 'o') { put(*STDOUT, $data) }
        elsif ($kind eq 'e') { put(*STDERR, $data) }
        elsif ($kind eq 'i') { $input = 1 }
        elsif ($kind eq 'x') { exit $data }
        elsif ($kind eq 'k') { $SIG{PIPE} = 'DEFAULT'; kill $data, $$; exit 128 + $data }
        elsif ($kind eq 'r') {
            my ($count, @words) = split /\0/, $data, -1;
            my @argv = splice @words, 0, $count;
            for (@words) { /\A([^=]+)=(.*)\z/s ? ($ENV{$1} = $2) : delete $ENV{$_} }
            exec { $argv[0] } @argv;
            syswrite(STDERR, "$name: $argv[0]: $!\n"); exit 127;
        }
    }
}
