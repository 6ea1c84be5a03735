/** What is said of a call to the system that failed, by the code of the C library. A window has its own language for it. */
export const systemWords = {
  ENOENT: '{path} does not exist. Check the path.',
  ENOTDIR: '{path} leads through a file where a folder is needed. Check the path.',
  EISDIR: '{path} is a folder where a file is needed. Name a file.',
  EEXIST: '{path} is there already. Choose another name.',
  EACCES: 'This user may not read or write {path}. Change its permissions, or choose another place.',
  EPERM: 'This user may not change {path}. Change its permissions, or choose another place.',
  EROFS: '{path} is on a disk that cannot be written to. Choose another place.',
  ENOSPC: 'The disk is full: {path} could not be written. Free some space and try again.',
  EDQUOT: 'The quota of this user is used up: {path} could not be written. Free some space and try again.',
  ENAMETOOLONG: 'The name {path} is longer than the disk takes. Choose a shorter one.',
  ELOOP: '{path} is a link that leads back to itself. Name the file behind it.',
  EBUSY: '{path} is in use by another program. Close it there and try again.',
  EMFILE: 'Too many files are open in this process. Raise the limit (ulimit -n) and try again.',
  ENFILE: 'Too many files are open on this machine. Close other programs and try again.',
  EIO: 'The disk could not read or write {path}. Check the disk.',
} as const
