# SPDX-License-Identifier: GPL-2.0-or-later
#
# How prove shows test programs here: a line for each as it ends, with what it
# has said if it failed; the tests that were skipped; and in the last line how
# many tests passed, failed and were skipped.
package Counting;

use strict;
use warnings;
use parent 'TAP::Formatter::Console';

sub open_test {
	my ($self, $test, $parser) = @_;
	my $session = Counting::Session->new({ name => $test,
		formatter => $self, parser => $parser });

	$parser->callback(ALL => sub { push @{$session->{lines}}, shift });
	return $session;
}

sub summary {
	my ($self, $aggregate, $interrupted) = @_;
	my ($passed, $failed, $skipped) = (0, $interrupted ? 1 : 0, 0);

	for ($aggregate->parsers($aggregate->descriptions)) {
		$passed += $_->passed - $_->skipped;
		$failed += failed_of($_);
		$skipped += skipped_of($_);
	}
	$self->_output("$passed passed, $failed failed",
		$skipped ? ", $skipped skipped" : '', "\n");
}

# A test that was planned but did not report, because the program died, has
# failed, and so has a program that is not content with tests that passed.
sub failed_of {
	my ($parser) = @_;
	my $failed = $parser->failed;
	my $missing = ($parser->tests_planned // 0) - $parser->tests_run;

	$failed += $missing if $missing > 0;
	return $failed || ($parser->has_problems ? 1 : 0);
}

sub skipped_of {
	my ($parser) = @_;

	return $parser->skip_all ? 1 : scalar $parser->skipped;
}

package Counting::Session;

use parent 'TAP::Formatter::Session';

# Lines that are shown of a program that failed.
my $TAIL = 200;

sub header {
}

sub result {
}

sub close_test {
	my ($self) = @_;
	my $parser = $self->parser;
	my $failed = Counting::failed_of($parser);

	$self->formatter->_output(sprintf("%-4s %6.1f s  %s: %d tests\n",
		$failed ? 'FAIL' : 'ok',
		$parser->end_time - $parser->start_time, $self->name,
		$parser->tests_run), $self->skipped_lines,
		$failed ? $self->failure_lines : ());
}

sub skipped_lines {
	my ($self) = @_;

	return map { '     skipped: ' . $_->as_string . "\n" }
		grep { ($_->is_test || $_->is_plan) && $_->has_skip }
		@{$self->{lines}};
}

# All but the tests that passed, and why it failed if that is not all of it.
sub failure_lines {
	my ($self) = @_;
	my @lines = map { $_->as_string }
		grep { !($_->is_test && $_->is_ok) } @{$self->{lines}};
	my $wait = $self->parser->wait;

	splice @lines, 0, @lines - $TAIL if @lines > $TAIL;
	push @lines, $self->parser->parse_errors;
	push @lines, 'exit status ' . ($wait >> 8 || $wait) if $wait;
	return map { "     $_\n" } @lines;
}

1;
