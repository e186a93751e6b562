/* What sells together, from plain data files, without a hub:
 *
 *     carehub-marketing rules --baskets FILE --support S --confidence C [OPTIONS] */
#ifndef MARKETING_FILE_COMMAND_H
#define MARKETING_FILE_COMMAND_H

/* `argv[0]` is "rules".  Returns the exit status: 0 fine, 2 the file is unusable, 64 usage. */
int file_command(int argc, char **argv);

#endif
