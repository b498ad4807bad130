/* The least a guest can do: process 1 that prints one line and powers off. */
#include <sys/reboot.h>
#include <unistd.h>

int main(void)
{
	static const char line[] = "floor\n";

	if (write(1, line, sizeof line - 1) < 0)
		return 1;
	return reboot(RB_AUTOBOOT);
}
