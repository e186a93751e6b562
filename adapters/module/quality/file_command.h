/* The trade's tools on plain data files, without a hub:
 *
 *     carehub-quality chart --kind xbar-r|xbar-s|p|np|c|u [OPTIONS] FILE
 *     carehub-quality pareto [OPTIONS] FILE */
#ifndef QUALITY_FILE_COMMAND_H
#define QUALITY_FILE_COMMAND_H

/* `argv[0]` is "chart" or "pareto".  Returns the exit status: 0 fine, 2 the file is unusable, 64 usage. */
int file_command(int argc, char **argv);

#endif
